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
flat in vec4 wrap;
flat in vec4 finish;

out vec4 fragment;

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
    fade();
    vec4 base = textured(uv, layer);
    vec3 n = normalize(normal);
    vec3 v = normalize(eye_position() - position);
#ifdef CUTOUT
    if (base.a < 0.5) discard;
    n = faceforward(n, -v, n);
#endif
    vec3 albedo = base.rgb * colour;
    // The far side of hair is lit by its mass's normals, which look away: that is no edge.
    float edge = 1.0 - abs(dot(n, v));
    float edge_squared = edge * edge;
    float towards_key = dot(n, KEY_DIRECTION);
    vec3 key = KEY * key_share;
    vec3 lit = albedo * (ambient(n) * (1.0 + finish.w * edge_squared)
                         + key * wrapped(towards_key, wrap.rgb));
    vec3 halfway = normalize(KEY_DIRECTION + v);
    float cosine = max(dot(n, halfway), 0.0);
    float gloss = finish.x * (1.0 + 3.0 * edge_squared) * key_share
        * cosine / (finish.y - finish.y * cosine + cosine);
    lit += gloss * KEY;
    lit += wrap.w * band(n, halfway) * clamp(towards_key + 0.35, 0.0, 1.0) * key * (0.03 + 0.9 * albedo);
    lit += finish.z * edge_squared * max(dot(n, BACK_DIRECTION), 0.0) * BACK;
    fragment = vec4(encode_srgb(lit), 1.0);
}
