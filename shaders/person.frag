// Skin, hair, cloth and teeth.
#version 330
#include "colour.glsl"
#include "fading.glsl"
#include "texture.glsl"

in vec3 diffuse;
in vec3 gloss;
in vec2 uv;
flat in float layer;

out vec4 fragment;

void main() {
    fade();
    vec4 base = textured(uv, layer);
#ifdef CUTOUT
    if (base.a < 0.5) discard;
#endif
    fragment = vec4(encode_srgb(base.rgb * diffuse + gloss), 1.0);
}
