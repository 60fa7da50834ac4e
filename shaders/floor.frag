// The wooden floor. All sRGB-encoded: multiplying encoded values is multiplying light, as far as
// the encoding is a power.
#version 330

in vec2 at;
in vec3 beyond;
in float brightness;

uniform sampler2D boards;   // baked by boards.frag

out vec4 fragment;

void main() {
    fragment = vec4(texture(boards, at).rgb * brightness + beyond, 1.0);
}
