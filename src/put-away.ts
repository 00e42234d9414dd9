// Putting a source away that nobody is going to read any more.

/** Cancels it. */
export async function putAway(cancel: () => unknown): Promise<void> {
  try {
    await cancel()
  } catch {
    // Whoever was reading has gone: how its end went reaches nobody.
  }
}

/** Hears an error that would end the process unheard: one function for all who do. */
export function ignore(): void {}
