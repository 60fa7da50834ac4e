// Skin, hair, cloth and teeth.
#version 330
#include "view.glsl"
#include "colour.glsl"
#include "light.glsl"
#include "fading.glsl"
#include "texture.glsl"

in vec3 position;
in vec3 normal;
in vec3 colour;
in vec2 uv;
in float key_share;
flat in float layer;
flat in vec3 wrap;
flat in vec4 finish;

out vec4 fragment;

void main() {
    fade();
    vec4 base = textured(uv, layer);
    vec3 n = normalize(normal);
    vec3 v = normalize(eye_position() - position);
#ifdef CUTOUT
    if (base.a < 0.5) discard;
    n = faceforward(n, -v, n);
#endif
    float edge = 1.0 - max(dot(n, v), 0.0);
    float edge_squared = edge * edge;
    vec3 lit = base.rgb * colour * (ambient(n) * (1.0 + finish.w * edge_squared)
                                    + KEY * key_share * wrapped(dot(n, KEY_DIRECTION), wrap));
    float gloss = finish.x * (1.0 + 3.0 * edge_squared) * key_share;
    lit += gloss * highlight(n, v, KEY_DIRECTION, finish.y);
    lit += finish.z * edge_squared * max(dot(n, BACK_DIRECTION), 0.0) * BACK;
    fragment = vec4(encode_srgb(lit), 1.0);
}
