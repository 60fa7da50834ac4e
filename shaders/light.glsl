// The light of the room, in the viewer's own place: a large soft window behind the viewer's
// shoulder, warm; a cool sky of walls and ceiling; a warm floor that throws some of it back.
const vec3 KEY_DIRECTION = vec3(0.4706, 0.6588, 0.5870);
const vec3 KEY = vec3(0.93, 0.86, 0.76);
const vec3 ABOVE = vec3(0.36, 0.38, 0.43);
const vec3 BELOW = vec3(0.20, 0.15, 0.12);
// A second window behind the people draws a faint outline round hair and shoulders.
const vec3 BACK_DIRECTION = vec3(-0.5145, 0.3430, -0.7859);
const vec3 BACK = vec3(0.55, 0.62, 0.72);

// What arrives from all round.
vec3 ambient(vec3 normal) {
    return mix(BELOW, ABOVE, 0.5 + 0.5 * normal.y);
}

// Lambert's law wrapped round the terminator by `wrap`, a channel each: what light that entered
// the skin and left it elsewhere looks like when red wraps furthest.
vec3 wrapped(float cosine, vec3 wrap) {
    return clamp((vec3(cosine) + wrap) / (1.0 + wrap), 0.0, 1.0);
}

// A highlight that falls off like the given power of the half vector's cosine, without the power:
// C. Schlick, "A Fast Alternative to Phong's Specular Model" (Graphics Gems IV, 1994).
float highlight(vec3 normal, vec3 to_eye, vec3 to_light, float power) {
    float cosine = max(dot(normal, normalize(to_light + to_eye)), 0.0);
    return cosine / (power - power * cosine + cosine);
}
