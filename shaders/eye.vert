// A posed vertex of an eyeball.
#version 330
#include "view.glsl"

in vec3 in_position;
in vec3 in_normal;
in vec2 in_light;           // how much of the key and of the light all round arrives
in vec3 in_colour;          // linear
in vec2 in_uv;
in int in_layer;

out vec3 position;
out vec3 normal;
out vec2 arriving;
out vec3 colour;
out vec2 uv;
flat out float layer;       // of the textures; negative: none

void main() {
    position = in_position;
    normal = in_normal;
    arriving = in_light;
    colour = in_colour;
    uv = in_uv;
    layer = float(in_layer);
    gl_Position = clip_from_place * vec4(in_position, 1.0);
}
