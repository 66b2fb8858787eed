// Stands in the place of the OpenGL driver: it hands out one function, which counts its calls and reads nothing.
#include <cstring>

extern "C" {
int num_reads = 0;

static void read_pixels(int, int, int, int, unsigned, unsigned, void*) { num_reads++; }

void (*glXGetProcAddress(const unsigned char* name))() {
  return std::strcmp(reinterpret_cast<const char*>(name), "glReadPixels") == 0
             ? reinterpret_cast<void (*)()>(read_pixels)
             : nullptr;
}
}
