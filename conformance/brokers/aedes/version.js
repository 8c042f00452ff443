// SPDX-License-Identifier: Apache-2.0
// Prints the version of the aedes that server.js runs.
import { readFileSync } from 'node:fs'

console.log(JSON.parse(readFileSync(new URL('node_modules/aedes/package.json', import.meta.url))).version)
