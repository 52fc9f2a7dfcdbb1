import { ConfigurationError } from '../refusal/configuration-error.ts'

/** Runs a check that reports a wrong option, and reports it under the name that it has as a setting. */
export function named<T>(check: () => T, nameOf: (option: string) => string): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const [options = '', ...reason] = error.message.split(': ')
    const settings = options.split(', ').map(nameOf).join(', ')
    throw new ConfigurationError([settings, ...reason].join(': '))
  }
}

export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
