# SPDX-License-Identifier: Apache-2.0
"""npm's mqtt in Node over WebSocket and TCP. Its packages are installed beside the build by install_node_client.py."""
import os
import shutil
import unittest

from live import HOST, LiveTest

PACKAGES = os.environ.get("ORRERY_NODE_PACKAGES", "")
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node", "live.mjs")


class NodeTest(LiveTest):
    def test_everything_arrives(self):
        # A module is looked for beside the script that imports it, so the script goes to its packages.
        script = shutil.copy(SCRIPT, PACKAGES)
        b = self.broker("node.shards=2")
        node = self.process("node", script, f"ws://{HOST}:{b.ws}/mqtt", f"mqtt://{HOST}:{b.tcp}")
        self.assertEqual((node.wait(90), node.out[-1:]), (0, ["everything arrived"]), node.text())


if __name__ == "__main__":
    unittest.main()
