// A posed vertex, seen by one eye, and the light on it.
//
// People are made of so many small triangles that light need not be worked out between their
// corners; a software rasteriser draws them a quarter faster for it.
#version 330
#include "view.glsl"
#include "light.glsl"

in vec3 in_position;
in vec3 in_normal;
in vec2 in_light;           // how much of the key and of the light all round arrives
in vec3 in_colour;          // linear
in vec2 in_uv;
in int in_layer;
in uint in_surface;

// Eight numbers, because a software rasteriser interpolates four at a time.
out vec3 diffuse;           // what the texture's colour is multiplied with
out vec3 gloss;             // what is added to it
out vec2 uv;
flat out float layer;       // of the textures; negative: none

// The band of light on hair: strands run down the head, and each shines where it lies square to
// halfway between window and eye (J. Kajiya, T. Kay, "Rendering fur with three dimensional
// textures", SIGGRAPH 1989).
float band(vec3 n, vec3 halfway) {
    float along = halfway.y - n.y * dot(n, halfway);
    float square = 1.0 - along * along / max(1.0 - n.y * n.y, 0.15);
    square *= square;
    square *= square;
    return square * square;
}

void main() {
    vec4 wrap;              // how far light wraps round the terminator; how much strands shine
    vec4 finish;            // highlight's strength and power, rim, sheen at the edges
    // The order of presence.scene.avatar.Surface; eyes have a program of their own.
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
    vec3 n = normalize(in_normal);
    vec3 v = normalize(eye_position() - in_position);
#ifdef CUTOUT
    n = faceforward(n, -v, n);
#endif
    // The far side of hair is lit by its mass's normals, which look away: that is no edge.
    float edge = 1.0 - abs(dot(n, v));
    float edge_squared = edge * edge;
    float towards_key = dot(n, KEY_DIRECTION);
    vec3 key = KEY * in_light.x;
    vec3 halfway = normalize(KEY_DIRECTION + v);
    vec3 shine = wrap.w * band(n, halfway) * clamp(towards_key + 0.35, 0.0, 1.0) * key;
    diffuse = in_colour * (ambient(n) * in_light.y * (1.0 + finish.w * edge_squared)
                           + key * wrapped(towards_key, wrap.rgb) + 0.9 * shine);
    gloss = finish.x * (1.0 + 3.0 * edge_squared) * in_light.x * KEY
                * highlight(n, v, KEY_DIRECTION, finish.y)
            + 0.03 * shine
            + finish.z * edge_squared * max(dot(n, BACK_DIRECTION), 0.0) * BACK;
    uv = in_uv;
    layer = float(in_layer);
    gl_Position = clip_from_place * vec4(in_position, 1.0);
}
