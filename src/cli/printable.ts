// Text of strangers, made harmless for a terminal.

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL_CHARACTER = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g

/**
 * Gives the text with its control characters spelled out, line breaks and tabs aside.
 *
 * A stream could otherwise move the cursor, retitle the window or hide what it says. In JSON they mean the same.
 */
export const printable = (text: string): string =>
  text.replace(
    CONTROL_CHARACTER,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
