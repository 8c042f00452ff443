// SPDX-License-Identifier: Apache-2.0
// A gate of the plainest kind, for transcripts: the password of everybody is "pw", and "forbidden/..." is nobody's.
//
// The method "SUM" of enhanced authentication asks for one step: to AUTH with data "1+1" the client answers "2". Its
// user is "sum". A CONNECT that brings "2" at once needs no step.
#pragma once

#include <memory>
#include <string>

#include "broker/session/gate.h"

namespace orrery::session {

class TestGate final : public Gate {
 public:
  Verdict admit(const Credentials& credentials) const override {
    if (!credentials.user_name) return {mqtt::ReasonCode::kNotAuthorized, "a user name is needed", nullptr};
    if (!credentials.password || as_text(*credentials.password) != "pw")
      return {mqtt::ReasonCode::kBadUserNameOrPassword, "wrong user name or password", nullptr};
    return {mqtt::ReasonCode::kSuccess, "", std::make_unique<User>(std::string(*credentials.user_name))};
  }
  std::unique_ptr<Exchange> begin(std::string_view method, std::string_view, std::uint64_t) const override {
    if (method == "SUM") return std::make_unique<Sum>("sum");
    if (method == "OTHER") return std::make_unique<Sum>("other");
    return nullptr;
  }

 private:
  class User final : public Principal {
   public:
    explicit User(std::string name) : name_(std::move(name)) {}
    std::string_view user_name() const override { return name_; }
    bool may_publish(std::string_view topic) const override { return !topic.starts_with("forbidden/"); }
    bool may_subscribe(std::string_view filter) const override { return !filter.starts_with("forbidden/"); }

   private:
    std::string name_;
  };

  class Sum final : public Exchange {
   public:
    explicit Sum(std::string user) : user_(std::move(user)) {}
    Verdict step(Bytes data, std::vector<std::uint8_t>& answer) override {
      const std::string_view said = as_text(data);
      const std::string_view says = said == "2" ? "right" : "1+1";
      if (said == "2" || said.empty()) answer.assign(says.begin(), says.end());
      if (said == "other") return {mqtt::ReasonCode::kSuccess, "", std::make_unique<User>("other")};
      if (said.empty()) return {mqtt::ReasonCode::kContinueAuthentication, "", nullptr};
      if (said != "2") return {mqtt::ReasonCode::kNotAuthorized, "wrong sum", nullptr};
      return {mqtt::ReasonCode::kSuccess, "", std::make_unique<User>(user_)};
    }

   private:
    std::string user_;
  };
};

}  // namespace orrery::session
