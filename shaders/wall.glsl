// The wall that is seen in a direction, sRGB-encoded: lighter and cooler upwards, warm where a
// window out of sight lights it.
vec3 wall(vec3 direction) {
    vec3 way = normalize(direction);
    vec3 seen = mix(vec3(0.80, 0.735, 0.67), vec3(0.875, 0.87, 0.865), smoothstep(-0.05, 0.65, way.y));
    float glow = max(dot(way, vec3(0.6186, 0.3592, -0.6984)), 0.0);
    return seen + vec3(0.13, 0.115, 0.09) * glow * glow * glow;
}
