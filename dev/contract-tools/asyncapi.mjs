// Reads an AsyncAPI document with AsyncAPI's own parser, prints what is wrong with it and fails if anything is an error or a
// warning. Usage: asyncapi.mjs FILE

import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'

// Recommendations for documents of APIs with a homepage are none here: who to write to, tags, and newer versions.
const LEFT_OUT = ['asyncapi-info-contact', 'asyncapi-latest-version']

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'))
const wrong = diagnostics.filter(({ code, severity }) => severity < 2 && !LEFT_OUT.includes(code))
for (const { code, message, path } of wrong) console.error(`${code} at ${path.join('/')}: ${message}`)
if (!document || wrong.length > 0) process.exit(1)
const channels = document.channels().all()
console.log(`AsyncAPI ${document.version()}: ${channels.length} channels, ${document.messages().all().length} messages, no complaint`)
