// A posed vertex, seen by one eye.
#version 330
#include "view.glsl"

in vec3 in_position;
in vec3 in_normal;
in vec2 in_light;           // how much of the key and of the light all round arrives
in vec3 in_colour;          // linear
in vec2 in_uv;
in int in_layer;
in uint in_surface;

// Twelve numbers, because a software rasteriser interpolates four at a time.
out vec3 position;
out vec3 normal;
out vec3 colour;            // times how much of the light all round arrives
out vec2 uv;
out float key_share;        // how much of the key arrives, over that
flat out float layer;       // of the textures; negative: none
flat out vec4 wrap;         // how far light wraps round the terminator; how much strands shine
flat out vec4 finish;       // highlight's strength and power, rim, sheen at the edges

void main() {
    position = in_position;
    normal = in_normal;
    colour = in_colour * in_light.y;
    key_share = in_light.x / in_light.y;
    uv = in_uv;
    layer = float(in_layer);
    // The order of presence.scene.avatar.Surface; eyes have a program of their own. Chosen here,
    // because a software rasteriser runs every branch of a fragment shader.
    switch (in_surface) {
    case 2u:  // hair
        wrap = vec4(vec3(0.30), 1.0);
        finish = vec4(0.0, 16.0, 0.30, 0.0);
        break;
    case 3u:  // cloth, whose loose fibres catch light at the edges
        wrap = vec4(vec3(0.20), 0.0);
        finish = vec4(0.0, 8.0, 0.20, 0.40);
        break;
    case 4u:  // teeth and the inside of the mouth, lit by what comes in from the front
        wrap = vec4(vec3(0.30), 0.0);
        finish = vec4(0.05, 40.0, 0.0, -0.75);
        break;
    default:  // skin, in which light goes some way before it comes out, red the farthest
        wrap = vec4(0.50, 0.27, 0.19, 0.0);
        finish = vec4(0.035, 10.0, 0.25, 0.12);
    }
    gl_Position = clip_from_place * vec4(in_position, 1.0);
}
