// Shade that is darkest in its middle and leaves no edge. Premultiplied, so that it also darkens
// what a headset lets through.
#version 330

in vec2 at;
flat in float strength;

out vec4 fragment;

const vec3 TINT = vec3(0.055, 0.028, 0.018);

void main() {
    float inside = max(1.0 - dot(at, at), 0.0);
    float shade = strength * inside * inside;
    fragment = vec4(TINT * shade, shade);
}
