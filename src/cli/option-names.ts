/** A message that begins with the name of an option, with the name that it has here. */
export function inOptions(message: string, names: Readonly<Record<string, string>>): string {
  return message.replace(/^\w+(?=:)/, (name) => names[name] ?? name)
}
