// A soft ellipse of shade on the floor; four corners, an instance an ellipse.
#version 330
#include "view.glsl"

in vec2 in_middle;      // x and z on the floor
in vec2 in_half_axis;   // from the middle to the end of the long axis
in float in_half_width;
in float in_strength;

out vec2 at;            // -1 to 1 across the ellipse
flat out float strength;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    vec2 side = normalize(vec2(-in_half_axis.y, in_half_axis.x)) * in_half_width;
    vec2 spot = in_middle + corner.x * in_half_axis + corner.y * side;
    at = corner;
    strength = in_strength;
    gl_Position = clip_from_place * vec4(spot.x, 0.0, spot.y, 1.0);
}
