// Eyeballs: the white, the iris with its dark ring and fibres, the pupil, painted by the angle
// from the axis along which the eye looks.
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
in vec3 rest_normal;

out vec4 fragment;

// Radians from the axis.
const float IRIS = 0.42, PUPIL = 0.18;

vec3 painted() {
    vec3 direction = normalize(rest_normal);
    float angle = acos(clamp(-direction.z, -1.0, 1.0));
    float soft = max(fwidth(angle), 0.015);
    float fibre = 0.5 + 0.5 * sin(26.0 * atan(direction.y, direction.x));
    float outwards = clamp((angle - PUPIL) / (IRIS - PUPIL), 0.0, 1.0);
    vec3 iris = colour * mix(0.75, 1.5, outwards) * (0.9 + 0.2 * fibre);
    iris *= 1.0 - 0.75 * smoothstep(IRIS - 0.11, IRIS, angle);
    vec3 white = vec3(0.78, 0.75, 0.73) * mix(1.0, 0.72, smoothstep(0.5, 1.2, angle));
    vec3 eye = mix(iris, white, smoothstep(IRIS - soft, IRIS + soft, angle));
    return mix(vec3(0.006), eye, smoothstep(PUPIL - soft, PUPIL + soft, angle));
}

void main() {
    fade();
    vec3 n = normalize(normal);
    vec3 v = normalize(eye_position() - position);
    // The upper lid and the brow keep light from the top of the ball.
    float lid = 1.0 - 0.5 * smoothstep(0.05, 0.6, n.y);
    vec3 light = ambient(n) * arriving.y
        + 0.9 * arriving.x * KEY * wrapped(dot(n, KEY_DIRECTION), vec3(0.5));
    vec3 albedo = layer < 0.0 ? painted() : colour * textured(uv, layer).rgb;
    vec3 lit = albedo * lid * light;
    // The window, mirrored in the wet ball; and a little of the room on the other side.
    lit += 0.9 * smoothstep(0.35, 0.65, highlight(n, v, KEY_DIRECTION, 220.0));
    lit += 0.05 * highlight(n, v, vec3(-0.5540, 0.3525, 0.7655), 60.0);
    fragment = vec4(encode_srgb(lit), 1.0);
}
