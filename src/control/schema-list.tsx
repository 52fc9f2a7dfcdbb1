import type { JsonSchema } from './openapi.ts'

/** A schema for people: the fields of an object as a list, all else as a few words. */
export function Schema({ schema }: { readonly schema: JsonSchema }) {
  const { properties, required = [] } = schema
  const fields = Object.entries((properties ?? {}) as Readonly<Record<string, JsonSchema>>)
  if (fields.length === 0) return <Words schema={schema} />
  return (
    <ul>
      {fields.map(([name, field]) => (
        <li>
          <code>{name}</code>
          {(required as readonly string[]).includes(name) ? '' : '?'}: <Words schema={field} />
        </li>
      ))}
    </ul>
  )
}

function Words({ schema }: { readonly schema: JsonSchema }) {
  const { $ref, anyOf, items, properties, description } = schema
  const said = typeof description === 'string' && <span class="said"> {description}</span>
  if (typeof $ref === 'string') {
    const name = $ref.slice($ref.lastIndexOf('/') + 1)
    return (
      <>
        <a href={`#${name}`}>{name}</a>
        {said}
      </>
    )
  }
  if (Array.isArray(anyOf)) {
    return (
      <>
        {(anyOf as readonly JsonSchema[]).map((option, index) => (
          <>
            {index > 0 && ' or '}
            <Words schema={option} />
          </>
        ))}
        {said}
      </>
    )
  }
  if (properties !== undefined) return <Schema schema={schema} />
  if (typeof items === 'object' && items !== null) {
    return (
      <>
        list of <Words schema={items as JsonSchema} />
        {said}
      </>
    )
  }
  return (
    <>
      {kindOf(schema)}
      {said}
    </>
  )
}

function kindOf({ type, enum: choices, const: only, minimum, maximum }: JsonSchema): string {
  if (Array.isArray(choices)) return choices.join(' | ')
  if (only !== undefined) return JSON.stringify(only)
  if (Array.isArray(type)) return type.join(' or ')
  const range = boundOf('from', minimum) + boundOf('to', maximum)
  return typeof type === 'string' ? type + range : 'anything'
}

/** Those of what a number can be exactly tell nobody anything. */
function boundOf(word: string, bound: unknown): string {
  const isTold = typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER
  return isTold ? ` ${word} ${bound}` : ''
}
