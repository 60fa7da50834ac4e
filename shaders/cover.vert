// One triangle that covers the whole target.
#version 330

out vec2 at;   // 0 to 1

void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    at = corner;
    gl_Position = vec4(2.0 * corner - 1.0, 0.0, 1.0);
}
