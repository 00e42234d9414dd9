// What instructions are counted of, in one process: each section's end is told to the counter by a call that nothing else makes.

import { totalmem } from 'node:os'

/** How often a section runs before it counts. */
const WARM_RUNS = 6

/** How often it counts: what is compiled meanwhile is counted too, so the least is the one to take. */
export const RUNS = 5

/**
 * Runs the sections in order, and again; those who count see a call of `uv_get_total_memory` before the first and after each.
 *
 * @param {(() => unknown)[]} sections
 */
export async function run(sections) {
  for (let i = 0; i < WARM_RUNS; i++) for (const section of sections) await section()
  totalmem()
  for (let i = 0; i < RUNS; i++) {
    for (const section of sections) {
      await section()
      totalmem()
    }
  }
}
