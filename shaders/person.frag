// Skin, hair, cloth and teeth.
#version 330
#include "view.glsl"
#include "colour.glsl"
#include "light.glsl"
#include "fading.glsl"

in vec3 position;
in vec3 normal;
in vec2 arriving;
in vec3 colour;
flat in vec3 wrap;
flat in vec4 finish;

out vec4 fragment;

void main() {
    fade();
    vec3 n = normalize(normal);
    vec3 v = normalize(eye_position() - position);
    float edge = 1.0 - max(dot(n, v), 0.0);
    float edge_squared = edge * edge;
    vec3 around = ambient(n) * arriving.y;
    vec3 key = KEY * arriving.x;
    vec3 lit = colour * (around * (1.0 + finish.w * edge_squared)
                         + key * wrapped(dot(n, KEY_DIRECTION), wrap));
    float gloss = finish.x * (1.0 + 3.0 * edge_squared) * arriving.x;
    lit += gloss * highlight(n, v, KEY_DIRECTION, finish.y);
    lit += finish.z * edge_squared * max(dot(n, BACK_DIRECTION), 0.0) * BACK;
    fragment = vec4(encode_srgb(lit), 1.0);
}
