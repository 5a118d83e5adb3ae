// SPDX-License-Identifier: MIT
#include "daemon/plugin/file_check.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace conclib::plugin {

namespace {

using proto::fail;
using proto::Result;
using proto::Status;

std::string error_text(int number) { return std::generic_category().message(number); }

/// Many systems give each user a group of the same name and nobody else in it, and a umask that
/// lets this group write. That is the user alone.
bool is_private_group(gid_t group, uid_t user) {
  constexpr std::size_t buffer_bytes = 16384;
  std::array<char, buffer_bytes> user_buffer{};
  std::array<char, buffer_bytes> group_buffer{};
  struct passwd user_entry {};
  struct passwd* user_found = nullptr;
  struct group group_entry {};
  struct group* group_found = nullptr;
  if (::getpwuid_r(user, &user_entry, user_buffer.data(), buffer_bytes, &user_found) != 0 ||
      ::getgrgid_r(group, &group_entry, group_buffer.data(), buffer_bytes, &group_found) != 0 ||
      user_found == nullptr || group_found == nullptr) {
    return false;
  }
  const std::string_view name = user_found->pw_name;
  if (user_found->pw_gid != group || name != group_found->gr_name) return false;
  for (char** member = group_found->gr_mem; *member != nullptr; ++member) {
    if (name != *member) return false;
  }
  return true;
}

/// Why somebody other than root and this user may write to it; nothing: nobody may.
std::optional<std::string> other_writer(const struct stat& about) {
  if (about.st_uid != 0 && about.st_uid != ::geteuid()) {
    return "is owned by user " + std::to_string(about.st_uid) +
           ", who may change it: it must belong to root or to the daemon's user (chown)";
  }
  if ((about.st_mode & S_IWOTH) != 0) return "may be written by anybody: chmod o-w";
  if ((about.st_mode & S_IWGRP) != 0 && about.st_gid != 0 &&
      !is_private_group(about.st_gid, about.st_uid)) {
    return "may be written by group " + std::to_string(about.st_gid) + ": chmod g-w";
  }
  return std::nullopt;
}

/// Reads exactly `size` bytes from `offset` on; false at an error or the end of the file.
bool read_at(int fd, void* into, std::size_t size, std::uint64_t offset) {
  const auto got = ::pread(fd, into, size, static_cast<off_t>(offset));
  return got >= 0 && static_cast<std::size_t>(got) == size;
}

/// What the dynamic loader does not forgive: it maps what the headers say and dies of SIGBUS where
/// the file is shorter.
Result<void> check_segments(int fd, const ElfW(Ehdr) & header, std::uint64_t file_size) {
  if (header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum == 0) {
    return fail(Status::bad_argument, "has no program headers that this machine knows");
  }
  std::vector<ElfW(Phdr)> segments(header.e_phnum);
  if (!read_at(fd, segments.data(), segments.size() * sizeof(ElfW(Phdr)), header.e_phoff)) {
    return fail(Status::bad_argument, "is cut short: copy it again");
  }
  for (const auto& segment : segments) {
    if (segment.p_offset > file_size || segment.p_filesz > file_size - segment.p_offset) {
      return fail(Status::bad_argument, "is cut short: copy it again");
    }
  }
  return {};
}

Result<void> check_elf(int fd, std::uint64_t file_size) {
  ElfW(Ehdr) header{};
  if (!read_at(fd, &header, sizeof header, 0) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return fail(Status::bad_argument, "is no shared object (not an ELF file)");
  }
  // Our own program says what this machine runs.
  ElfW(Ehdr) own{};
  const int self = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const bool known = self >= 0 && read_at(self, &own, sizeof own, 0);
  if (self >= 0) ::close(self);
  if (known &&
      (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
       header.e_ident[EI_DATA] != own.e_ident[EI_DATA] || header.e_machine != own.e_machine)) {
    return fail(Status::bad_argument, "is built for another architecture (ELF machine " +
                                          std::to_string(header.e_machine) + ", this daemon is " +
                                          std::to_string(own.e_machine) +
                                          "): build it for this machine");
  }
  if (header.e_type != ET_DYN) {
    return fail(Status::bad_argument, "is an ELF file but no shared object: link with -shared");
  }
  return check_segments(fd, header, file_size);
}

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  if (real == nullptr) return fail(Status::bad_argument, "cannot be found: " + error_text(errno));
  return std::string(real.get());
}

}  // namespace

Result<void> check_directory(const std::string& directory) {
  struct stat about {};
  if (::stat(directory.c_str(), &about) != 0) {
    return fail(Status::bad_argument, "plugin directory " + directory + ": " + error_text(errno));
  }
  if (!S_ISDIR(about.st_mode)) {
    return fail(Status::bad_argument, "plugin directory " + directory + ": is no directory");
  }
  if (const auto why = other_writer(about)) {
    return fail(Status::bad_argument, "plugin directory " + directory + ": " + *why);
  }
  return {};
}

Result<std::string> check_file(const std::string& directory, const std::string& file) {
  const auto real_directory = real_path(directory);
  if (!real_directory) return tl::unexpected(real_directory.error());
  const auto real = real_path(directory + "/" + file);
  if (!real) return tl::unexpected(real.error());
  if (real->substr(0, real->rfind('/')) != *real_directory) {
    return fail(Status::bad_argument, "is a symlink that leads out of the directory, to " + *real +
                                          ": put the file itself there");
  }
  // Not blocking: it may be a pipe that nobody writes to.
  const int fd = ::open(real->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return fail(Status::bad_argument, "cannot be opened: " + error_text(errno));
  const auto checked = [&]() -> Result<void> {
    struct stat about {};
    if (::fstat(fd, &about) != 0) return fail(Status::bad_argument, error_text(errno));
    if (!S_ISREG(about.st_mode)) return fail(Status::bad_argument, "is no regular file");
    if (const auto why = other_writer(about)) return fail(Status::bad_argument, *why);
    return check_elf(fd, static_cast<std::uint64_t>(about.st_size));
  }();
  ::close(fd);
  if (!checked) return tl::unexpected(checked.error());
  return *real;
}

}  // namespace conclib::plugin
