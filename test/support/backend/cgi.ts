/**
 * Header lines as a CGI or WSGI application reads them: one environment variable a name (RFC 3875,
 * section 4.1.18), in which `-`, `_` and what such servers also map (`.`) look the same.
 */
export function cgiVariables(
  lines: Iterable<readonly [name: string, value: string]>,
): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [name, value] of lines) {
    const variable = `HTTP_${name.toUpperCase().replace(/[-.]/g, '_')}`
    const before = variables[variable]
    variables[variable] = before === undefined ? value : `${before}, ${value}`
  }
  return variables
}
