/** A wrong option or setting. The message names it and never holds a secret's value, so it may be shown. */
export class ConfigurationError extends TypeError {
  override readonly name = 'ConfigurationError'
}
