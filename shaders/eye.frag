// Eyeballs: what their texture shows, under a wet round surface.
#version 330
#include "view.glsl"
#include "colour.glsl"
#include "light.glsl"
#include "fading.glsl"
#include "texture.glsl"

in vec3 position;
in vec3 normal;
in vec2 arriving;
in vec3 colour;
in vec2 uv;
flat in float layer;

out vec4 fragment;

// Where the window is mirrored: lower than it stands, or the lids would mostly hide it.
const vec3 CATCH_DIRECTION = vec3(0.3600, 0.4400, 0.8227);

void main() {
    fade();
    vec3 n = normalize(normal);
    vec3 v = normalize(eye_position() - position);
    vec3 albedo = colour * textured(uv, layer).rgb;
    float facing = max(dot(n, v), 0.0);
    // The cornea gathers light on the far side of the iris, which glows there; the white does not.
    vec3 aside = n - v * facing;
    float far_side = smoothstep(0.02, 0.30, -dot(aside, CATCH_DIRECTION));
    float dark = smoothstep(0.0, 0.02, albedo.r) - smoothstep(0.10, 0.45, albedo.g);
    albedo *= 1.0 + 1.4 * far_side * dark;
    // The upper lid and the brow keep light from the top of the ball, and the ball turns away.
    float lid = 1.0 - 0.5 * smoothstep(0.05, 0.6, n.y);
    vec3 light = ambient(n) * arriving.y
        + 0.9 * arriving.x * KEY * wrapped(dot(n, KEY_DIRECTION), vec3(0.5));
    vec3 lit = albedo * lid * mix(0.78, 1.0, facing) * light;
    // The window, mirrored in the wet ball; and a little of the room on the other side.
    lit += 0.85 * smoothstep(0.30, 0.62, highlight(n, v, CATCH_DIRECTION, 110.0)) * arriving.x;
    lit += 0.03 * highlight(n, v, vec3(-0.6540, -0.3525, 0.6693), 90.0);
    fragment = vec4(encode_srgb(lit), 1.0);
}
