// SPDX-License-Identifier: Apache-2.0
// What this build is: link orrery_version, which cmake/version.cmake writes afresh whenever the commit changes.
#pragma once

namespace orrery {

/// The project's version, such as "0.1.0".
const char* version();
/// The commit that was built, shortened, with "-dirty" after it when files differ from it; "unknown" outside of git.
const char* commit();

}  // namespace orrery
