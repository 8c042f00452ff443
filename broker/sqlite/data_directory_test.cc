// SPDX-License-Identifier: Apache-2.0
#include "broker/sqlite/data_directory.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace orrery::sqlite {
namespace {

class DataDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/orrery-data-XXXXXX";
    base_ = ::mkdtemp(name);
    path_ = base_ + "/n1";
  }
  void TearDown() override { std::filesystem::remove_all(base_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(path_ + "/" + name) << text; }
  std::string claim(const std::string& node = "n1") { return DataDirectory().claim(path_, node); }
  /// A directory of the node n1, complete.
  void make() {
    DataDirectory d;
    ASSERT_EQ(d.claim(path_, "n1"), "");
    write("store.db", "");
    ASSERT_EQ(d.confirm(), "");
  }
  std::string said(const std::string& what) { return "node.data_dir: " + path_ + " " + what; }

  std::string base_;
  std::string path_;
};

TEST_F(DataDirectoryTest, IsMadeForItsOwnerAloneAndKnownAgain) {
  DataDirectory d;
  ASSERT_EQ(d.claim(path_ + "//", "n1"), "");
  EXPECT_TRUE(d.is_new());
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  EXPECT_EQ(d.store_path(), path_ + "/store.db");
  write("store.db", "");
  EXPECT_EQ(d.confirm(), "");
  std::ifstream file(path_ + "/orrery-data");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "orrery data directory\nformat 1\nnode n1\n");
}

TEST_F(DataDirectoryTest, AnUnfinishedOneIsBegunAgain) {
  {
    DataDirectory d;
    ASSERT_EQ(d.claim(path_, "n1"), "");
    write("store.db", "half");
  }
  DataDirectory again;
  EXPECT_EQ(again.claim(path_, "n1"), "");
  EXPECT_TRUE(again.is_new());
}

TEST_F(DataDirectoryTest, ASecondUserIsRefusedUntilTheFirstIsGone) {
  {
    DataDirectory d;
    ASSERT_EQ(d.claim(path_, "n1"), "");
    EXPECT_EQ(claim(), said("is in use by process " + std::to_string(::getpid()) +
                            ", node \"n1\"; stop that one, or choose another directory"));
  }
  EXPECT_EQ(claim(), "");
}

TEST_F(DataDirectoryTest, AnotherNodesOrFormatsIsRefused) {
  make();
  EXPECT_EQ(claim("n2"),
            said("belongs to the node \"n1\", and this node is \"n2\"; correct node.name or node.data_dir"));
  write("orrery-data", "orrery data directory\nformat 2\nwhatever\n");
  EXPECT_EQ(claim(), said("has format 2, and this program knows format 1; use the program that wrote it, or choose "
                          "another directory"));
}

TEST_F(DataDirectoryTest, DamageIsSaid) {
  make();
  const std::string damaged = said(
      "holds a damaged orrery-data; restore it from a backup, or move the directory away to start with nothing "
      "remembered");
  for (const char* text : {"", "orrery", "orrery data directory\nformat x\n", "orrery data directory\nformat 1",
                           "orrery data directory\nformat 1\n", "orrery data directory\nformat 1\nname n1\n",
                           "orrery data directory\nformat 1\nnode n1"}) {
    write("orrery-data", text);
    EXPECT_EQ(claim(), damaged) << text;
  }
  write("orrery-data", "orrery data directory\nformat 1\nnode n1\n");
  EXPECT_EQ(claim(), "");
  std::filesystem::remove(path_ + "/store.db");
  EXPECT_EQ(claim(), said("has lost its store.db; restore it from a backup, or move the directory away to start anew"));
}

TEST_F(DataDirectoryTest, SomebodyElsesFilesAreLeftAlone) {
  std::filesystem::create_directory(path_);
  write("thesis.tex", "");
  EXPECT_EQ(claim(), said("holds \"thesis.tex\" and no data of a node; choose an empty directory or a new one"));
  write("../file", "");
  path_ = base_ + "/file";
  EXPECT_EQ(claim(), said("is not a directory; choose another path"));
  path_ = base_ + "/file/below";
  EXPECT_EQ(claim(), said("cannot be made: what is above it is not a directory"));
  path_ = base_ + "/not/there";
  EXPECT_EQ(claim(), said("cannot be made: the directory above it is not there; make that one first"));
}

TEST_F(DataDirectoryTest, AnotherOwnersIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  make();
  ASSERT_EQ(::chown(path_.c_str(), 65533, 65533), 0);
  EXPECT_EQ(claim(),
            said("belongs to uid 65533, and this process runs as root (uid 0); run it as the directory's owner, "
                 "or give it the directory with \"chown -R\""));
}

}  // namespace
}  // namespace orrery::sqlite
