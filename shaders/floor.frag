// The wooden floor. All sRGB-encoded: multiplying encoded values is multiplying light, as far as
// the encoding is a power.
#version 330
#include "colour.glsl"

in vec2 at;
in vec3 beyond;
in float brightness;

uniform sampler2D boards;   // baked by boards.frag

out vec4 fragment;

void main() {
    vec3 seen = texture(boards, at).rgb * brightness + beyond;
    fragment = vec4(seen + (screen_noise() - 0.5) / 255.0, 1.0);
}
