/**
 * SHA-1 (RFC 3174), for a name and not for security. WebCrypto's is asynchronous, and options are
 * checked where a Worker starts, which must not wait.
 */
export function sha1(message: Uint8Array): Uint8Array {
  const words = new DataView(new ArrayBuffer(Math.ceil((message.length + 9) / 64) * 64))
  message.forEach((byte, index) => words.setUint8(index, byte))
  words.setUint8(message.length, 0x80)
  words.setUint32(words.byteLength - 4, message.length * 8)
  const hash = new DataView(new ArrayBuffer(20))
  START.forEach((word, index) => hash.setUint32(index * 4, word))
  for (let at = 0; at < words.byteLength; at += 64) addBlock(hash, words, at)
  return new Uint8Array(hash.buffer)
}

const START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]

function addBlock(hash: DataView, words: DataView, at: number): void {
  const schedule = Array.from({ length: 16 }, (_, index) => words.getInt32(at + index * 4))
  const word = (index: number) => schedule[index] ?? 0
  for (let index = 16; index < 80; index++) {
    const mixed = word(index - 3) ^ word(index - 8) ^ word(index - 14) ^ word(index - 16)
    schedule.push(rotate(mixed, 1))
  }
  let [a, b, c, d, e] = [0, 4, 8, 12, 16].map((offset) => hash.getInt32(offset)) as FiveWords
  for (let index = 0; index < 80; index++) {
    const next = (rotate(a, 5) + round(index, b, c, d) + e + word(index)) | 0
    ;[a, b, c, d, e] = [next, a, rotate(b, 30), c, d]
  }
  ;[a, b, c, d, e].forEach((value, index) => {
    hash.setInt32(index * 4, hash.getInt32(index * 4) + value)
  })
}

type FiveWords = [number, number, number, number, number]

function round(index: number, b: number, c: number, d: number): number {
  if (index < 20) return ((b & c) | (~b & d)) + 0x5a827999
  if (index < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (index < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
