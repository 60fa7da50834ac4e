// Colours are computed in linear light and written sRGB-encoded into targets that do not encode.

// After I. Taylor, "sRGB Approximations for HLSL" (2012): three square roots in place of a power,
// within 0.1 % of the transfer function.
vec3 encode_srgb(vec3 linear) {
    vec3 root = sqrt(clamp(linear, 0.0, 1.0));
    vec3 fourth = sqrt(root);
    vec3 eighth = sqrt(fourth);
    return 0.662002687 * root + 0.684122060 * fourth - 0.323583601 * eighth - 0.0225411470 * linear;
}

// Interleaved gradient noise, 0 to 1: J. Jimenez, "Next Generation Post Processing in Call of
// Duty: Advanced Warfare" (SIGGRAPH 2014).
float screen_noise() {
    return fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
}
