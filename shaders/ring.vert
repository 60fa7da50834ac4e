// A mark over the head of who speaks; four corners, an instance a ring.
#version 330
#include "view.glsl"

in vec3 in_foot;            // where the largest ring begins, over the hair
in float in_loudness;
in float in_opacity;

out vec2 at;                // from the middle, in the plane of the ring; metres where seen close by
flat out float loudness;
flat out float opacity;

const float REACH = 0.064;  // nothing of a ring lies farther from its middle, in those metres
const float CLOSE_BY = 1.2; // metres, up to which rings are as large as they are

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    // Farther off they are larger, though not by as much as they are farther: half as large to the
    // eye at four times the distance.
    float size = sqrt(max(distance(in_foot, eye_position()) / CLOSE_BY, 1.0));
    vec3 middle = in_foot + vec3(0.0, REACH * size, 0.0);
    vec3 away = normalize(middle - eye_position());
    // Upright for the eye; a ring is round, so what is upright right below it does not matter.
    vec3 up = abs(away.y) < 0.99 ? vec3(0.0, 1.0, 0.0) : vec3(0.0, 0.0, 1.0);
    vec3 right = normalize(cross(away, up));
    at = corner * REACH;
    loudness = in_loudness;
    opacity = in_opacity;
    vec2 aside = at * size;
    gl_Position =
        clip_from_place * vec4(middle + aside.x * right + aside.y * cross(right, away), 1.0);
}
