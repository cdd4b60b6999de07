flat in float slot;
out vec4 pixel;

void main() {
    int s = int(slot + 0.5);
    pixel = vec4(float(s & 255), float((s >> 8) & 255), float((s >> 16) & 255), 255.0) / 255.0;
}
