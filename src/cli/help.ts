/** Help that teaches: every command shows how it is called. */

/** Examples for a command's help, each a line of shell and what it does. */
export function examples(...lines: readonly (readonly [call: string, does: string])[]): string {
  return `\nExamples:\n${lines.map(([call, does]) => `  ${call}\n      ${does}`).join('\n')}\n`;
}
