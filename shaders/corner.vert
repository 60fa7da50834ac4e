#version 330 core
// A picture in a corner: four vertices of a strip, none of which needs a buffer.

uniform vec2 u_corner;  // of its lower left, in clip space
uniform vec2 u_size;

out vec2 v_at;  // in the picture, whose first row is on top

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    v_at = vec2(corner.x, 1.0 - corner.y);
    gl_Position = vec4(u_corner + u_size * corner, 0.0, 1.0);
}
