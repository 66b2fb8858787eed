// Stands in the place of Slippi's playback Dolphin: it does what a script says, in the way in which the real program
// prints lines and shows pictures: by std::cout, and by OpenGL in a window of a real X display. It plays and emulates
// nothing.
//
//     dolphin-emu --user DIR --slippi-input COMM ...     the script is the "replay" that the comm file names
//
//     said TEXT             a line on standard output, by std::cout
//     half TEXT             a line that is cut off
//     printed TEXT          the same past the C library's streams, which the real program does not do
//     size W H              the size of the pictures from here on
//     shown BITS SEED       a picture: stamped with these 32 cells (or - for none), its rest made from SEED
//     context               the OpenGL context is made anew
//     blind                 no pictures are shown from here on
//     end STATUS            exit, or die of signal -STATUS
//
// After the script it holds its last picture for ever; without a script it shows a waiting screen. With DOUBLE_RAW it
// writes every picture that it shows into that folder, as it is.
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

// What is used of Xlib, GLX and OpenGL, so that their headers need not be installed.
extern "C" {
struct Visual;
struct VisualInfo {
  Visual* visual;
  unsigned long id;
  int screen, depth, klass;
  unsigned long red, green, blue;
  int colormap_size, bits_per_rgb;
};
struct WindowAttributes {
  unsigned long background_pixmap, background_pixel, border_pixmap, border_pixel;
  int bit_gravity, win_gravity, backing_store;
  unsigned long backing_planes, backing_pixel;
  int save_under;
  long event_mask, do_not_propagate_mask;
  int override_redirect;
  unsigned long colormap, cursor;
};
void* XOpenDisplay(const char*);
unsigned long XDefaultRootWindow(void*);
unsigned long XCreateColormap(void*, unsigned long, Visual*, int);
unsigned long XCreateWindow(void*, unsigned long, int, int, unsigned, unsigned, unsigned, int, unsigned, Visual*,
                            unsigned long, WindowAttributes*);
int XMapWindow(void*, unsigned long);
VisualInfo* glXChooseVisual(void*, int, int*);
void* glXCreateContext(void*, VisualInfo*, void*, int);
void glXDestroyContext(void*, void*);
int glXMakeCurrent(void*, unsigned long, void*);
void glXSwapBuffers(void*, unsigned long);
void glViewport(int, int, int, int);
void glRasterPos2f(float, float);
void glDrawPixels(int, int, unsigned, unsigned, const void*);
void glPixelStorei(unsigned, int);
void glGetIntegerv(unsigned, int*);
}

struct Picture {
  int width, height;
  std::vector<uint8_t> rgba;
};

class Screen {
 public:
  Screen() : display_(XOpenDisplay(nullptr)) {
    int wanted[] = {4 /* RGBA */, 5 /* double buffer */, 8, 8, 9, 8, 10, 8, 0};
    visual_ = display_ ? glXChooseVisual(display_, 0, wanted) : nullptr;
    if (!visual_) {
      std::cerr << "no display with OpenGL" << std::endl;
      std::exit(3);
    }
    const unsigned long root = XDefaultRootWindow(display_);
    WindowAttributes attributes{};
    attributes.colormap = XCreateColormap(display_, root, visual_->visual, 0);
    const unsigned long border_and_colormap = 1ul << 3 | 1ul << 13;
    window_ = XCreateWindow(display_, root, 0, 0, 640, 480, 0, visual_->depth, 1, visual_->visual,
                            border_and_colormap, &attributes);
    XMapWindow(display_, window_);
    make_context();
  }

  void make_context() {
    if (context_) {
      glXMakeCurrent(display_, 0, nullptr);
      glXDestroyContext(display_, context_);
    }
    context_ = glXCreateContext(display_, visual_, nullptr, 1);
    glXMakeCurrent(display_, window_, context_);
  }

  void show(const Picture& picture) {
    newest_ = picture;
    keep(picture);
    glViewport(0, 0, picture.width, picture.height);
    glRasterPos2f(-1, -1);
    glDrawPixels(picture.width, picture.height, 0x1908 /* RGBA */, 0x1401 /* bytes */, bottom_up(picture).data());
    // As a program may leave it; the library must not trip over it, nor leave another value.
    glPixelStorei(0x0D05 /* pack alignment */, 8);
    glPixelStorei(0x0D02 /* pack row length */, 7);
    glXSwapBuffers(display_, window_);
    int alignment = 0, length = 0, buffer = -1;
    glGetIntegerv(0x0D05, &alignment);
    glGetIntegerv(0x0D02, &length);
    glGetIntegerv(0x88ED /* pack buffer */, &buffer);
    if (alignment != 8 || length != 7 || buffer != 0) {
      std::cerr << "the program's own OpenGL state was changed" << std::endl;
      std::_Exit(4);
    }
  }

  void hold() {
    for (;;) show(Picture(newest_));
  }

 private:
  static std::vector<uint8_t> bottom_up(const Picture& picture) {
    std::vector<uint8_t> rows;
    const size_t length = size_t(picture.width) * 4;
    for (int y = picture.height - 1; y >= 0; y--)
      rows.insert(rows.end(), picture.rgba.begin() + y * length, picture.rgba.begin() + (y + 1) * length);
    return rows;
  }

  void keep(const Picture& picture) {
    const char* folder = getenv("DOUBLE_RAW");
    if (!folder) return;
    std::ofstream file(std::string(folder) + "/" + std::to_string(++num_kept_));
    file.write(reinterpret_cast<const char*>(picture.rgba.data()), long(picture.rgba.size()));
  }

  void* display_;
  VisualInfo* visual_;
  unsigned long window_ = 0;
  void* context_ = nullptr;
  Picture newest_;
  int num_kept_ = 0;
};

static Picture painted(int width, int height, const std::string& bits, uint32_t seed) {
  Picture picture{width, height, std::vector<uint8_t>(size_t(width) * height * 4)};
  uint32_t noise = seed * 2654435761u + 1;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      uint8_t* pixel = &picture.rgba[(size_t(y) * width + x) * 4];
      noise = noise * 1664525u + 1013904223u;
      pixel[0] = uint8_t(seed * 3 + x / 4);
      pixel[1] = uint8_t(seed * 5 + y / 2 + (noise >> 30));
      pixel[2] = uint8_t(seed * 7 + (noise >> 28));
      pixel[3] = 255;
      if (y >= height - 16 && bits.size() == 32)
        pixel[0] = pixel[1] = pixel[2] = bits[size_t(x) * 32 / width] == '1' ? 255 : 0;
    }
  return picture;
}

static std::string file_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

static void say(const std::string& text) {
  const std::string tag = "[CURRENT_FRAME] ";
  if (text.compare(0, tag.size(), tag) == 0 && text.find_first_not_of("-0123456789", tag.size()) == std::string::npos)
    std::cout << "[CURRENT_FRAME] " << std::stoi(text.substr(tag.size())) << std::endl;  // as EXI_DeviceSlippi.cpp
  else
    std::cout << text << std::endl;
}

static void play(Screen& screen, std::istream& script) {
  int width = 640, height = 480;
  for (std::string text; std::getline(script, text);) {
    std::istringstream words(text);
    std::string verb;
    words >> verb;
    if (verb == "said") {
      say(text.substr(5));
    } else if (verb == "half") {
      std::cout << text.substr(5) << std::flush;
    } else if (verb == "printed") {
      dprintf(1, "%s\n", text.c_str() + 8);
    } else if (verb == "size") {
      words >> width >> height;
    } else if (verb == "shown") {
      std::string bits;
      uint32_t seed;
      words >> bits >> seed;
      screen.show(painted(width, height, bits, seed));
    } else if (verb == "context") {
      screen.make_context();
    } else if (verb == "blind") {
      for (;;) pause();
    } else if (verb == "end") {
      int status;
      words >> status;
      if (status < 0) kill(getpid(), -status);
      _exit(status);
    }
  }
}

int main(int count, char** arguments) {
  std::string comm;
  for (int i = 1; i < count; i++) {
    const std::string option = arguments[i];
    if (option == "--version") return std::cout << "3.1.0" << std::endl, 255;
    if (option == "--help") return std::cout << "-i, --slippi-input=<str>" << std::endl, 255;
    if (option == "--slippi-input") comm = file_text(arguments[i + 1]);
  }
  signal(SIGTERM, [](int) { _exit(0); });
  Screen screen;
  const std::string key = "\"replay\": \"";
  const size_t at = comm.find(key);
  if (at == std::string::npos)
    for (uint32_t seed = 0;; seed++) screen.show(painted(640, 480, "-", seed));
  std::istringstream script(file_text(comm.substr(at + key.size(), comm.find('"', at + key.size()) - at - key.size())));
  play(screen, script);
  screen.hold();
}
