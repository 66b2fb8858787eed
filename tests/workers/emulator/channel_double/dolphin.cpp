// Stands in the place of Slippi's playback Dolphin: it does what a script says, in the way in which the real program
// prints lines, asks its driver for pictures and dumps them. It plays and emulates nothing.
//
//     dolphin-emu --user DIR --slippi-input COMM ...     the script is the "replay" that the comm file names
//
//     said TEXT             a line on standard output, by std::cout
//     half TEXT             a line that is cut off
//     printed TEXT          the same past the C library's streams, which the real program does not do
//     size W H              the size of the pictures from here on
//     shown BITS SEED       a picture: stamped with these 32 cells (or - for none), its rest made from SEED
//     readback              a call to the driver that no picture follows
//     icon                  another PNG, in the dump's folder but not of the dump
//     end STATUS            exit, or die of signal -STATUS
//
// After the script it holds its last picture for ever; without a script it shows a waiting screen.
#include <png.h>

#include <condition_variable>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

extern "C" void (*glXGetProcAddress(const unsigned char*))();
using ReadPixels = void (*)(int, int, int, int, unsigned, unsigned, void*);

struct Picture {
  int width, height;
  std::vector<uint8_t> rgba;
};

static std::string frames;
static int counter = 1;

// As TextureToPng in the program's ImageWrite.cpp: the same calls in the same order.
static void write_png(const Picture& picture, const std::string& name) {
  const std::string path = frames + "/" + name;
  FILE* file = fopen(path.c_str(), "wb");
  if (!file) return;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (!setjmp(png_jmpbuf(png))) {
    png_init_io(png, file);
    png_set_IHDR(png, info, picture.width, picture.height, 8, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    png_write_info(png, info);
    for (int y = 0; y < picture.height; y++)
      png_write_row(png, const_cast<uint8_t*>(picture.rgba.data()) + size_t(y) * picture.width * 4);
    png_write_end(png, nullptr);
  }
  png_free_data(png, info, PNG_FREE_ALL, -1);
  png_destroy_write_struct(&png, nullptr);
  fclose(file);
}

// As in the program's renderer: a picture is handed over when the next one is read back, and written by a thread.
class Dump {
 public:
  Dump() : thread_([this] { run(); }) { thread_.detach(); }

  void show(Picture picture) {
    if (has_read_back_) hand_over();
    read_back_ = std::move(picture);
    has_read_back_ = true;
    read_pixels_(0, 0, read_back_.width, read_back_.height, 0x1908, 0x1401, nullptr);
  }

  void readback_only() { read_pixels_(0, 0, 640, 480, 0x1908, 0x1401, nullptr); }

  void hold() {
    for (;;) show(read_back_);
  }

 private:
  void hand_over() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !is_busy_; });
    written_ = read_back_;
    is_busy_ = true;
    changed_.notify_all();
  }

  void run() {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return is_busy_; });
      lock.unlock();
      write_png(written_, "framedump_" + std::to_string(counter++) + ".png");
      lock.lock();
      is_busy_ = false;
      changed_.notify_all();
    }
  }

  ReadPixels read_pixels_ = reinterpret_cast<ReadPixels>(
      glXGetProcAddress(reinterpret_cast<const unsigned char*>("glReadPixels")));
  Picture read_back_, written_;
  bool has_read_back_ = false, is_busy_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

static Picture painted(int width, int height, const std::string& bits, uint32_t seed) {
  Picture picture{width, height, std::vector<uint8_t>(size_t(width) * height * 4)};
  uint32_t noise = seed * 2654435761u + 1;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      uint8_t* pixel = &picture.rgba[(size_t(y) * width + x) * 4];
      if (y < 32) noise = noise * 1664525u + 1013904223u;  // more of it would only make zlib slow
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

int main(int count, char** arguments) {
  std::string comm;
  for (int i = 1; i < count; i++) {
    const std::string option = arguments[i];
    if (option == "--version") return std::cout << "3.1.0" << std::endl, 255;
    if (option == "--help") return std::cout << "-i, --slippi-input=<str>" << std::endl, 255;
    if (option == "--user") frames = std::string(arguments[i + 1]) + "/Dump/Frames";
    if (option == "--slippi-input") comm = file_text(arguments[i + 1]);
  }
  signal(SIGTERM, [](int) { _exit(0); });
  Dump dump;
  const std::string key = "\"replay\": \"";
  const size_t at = comm.find(key);
  if (at == std::string::npos)
    for (uint32_t seed = 0;; seed++) dump.show(painted(640, 480, "-", seed));
  std::istringstream script(file_text(comm.substr(at + key.size(), comm.find('"', at + key.size()) - at - key.size())));
  int width = 640, height = 480;
  for (std::string text; std::getline(script, text);) {
    std::istringstream words(text);
    std::string verb;
    words >> verb;
    if (verb == "said") {
      const std::string rest = text.substr(5);
      const std::string tag = "[CURRENT_FRAME] ";
      if (rest.compare(0, tag.size(), tag) == 0 && rest.find_first_not_of("-0123456789", tag.size()) == std::string::npos)
        std::cout << "[CURRENT_FRAME] " << std::stoi(rest.substr(tag.size())) << std::endl;  // as EXI_DeviceSlippi.cpp
      else
        std::cout << rest << std::endl;
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
      dump.show(painted(width, height, bits, seed));
    } else if (verb == "readback") {
      dump.readback_only();
    } else if (verb == "icon") {
      write_png(painted(96, 32, "-", 1), "icon.png");
    } else if (verb == "end") {
      int status;
      words >> status;
      if (status < 0) kill(getpid(), -status);
      _exit(status);
    }
  }
  dump.hold();
}
