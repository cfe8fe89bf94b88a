// Deploys `inputs` of a serverless.yml, given as JSON on stdin, to a local endpoint:
//
//     node deploy.cjs 127.0.0.1:9000 [simulator] < inputs.json
//
// It does what the scf component does with them (https://github.com/serverless-components/tencent-scf,
// src/serverless.js), but for the upload: the code is said to lie in COS already. Calls are forms with
// the older signature; those of the service `scf` arrive at the path /scf, those of `tag` at /tag. For
// the simulator they have the library's other form: JSON at /, with TC3-HMAC-SHA256.
'use strict'

const { readFileSync } = require('node:fs')
const { Capi } = require('@tencent-sdk/capi')
const { Scf } = require('tencent-component-toolkit')

const [, , endpoint, kind] = process.argv
const isV3 = kind === 'simulator'
const inputs = JSON.parse(readFileSync(0, 'utf8'))

// The library writes each service's host in its own code, and has no setting for another.
const request = Capi.prototype.request
Capi.prototype.request = function (data, options) {
  const [service] = options.host.split('.')
  const path = isV3 ? '/' : `/${service}`
  const here = { ...options, protocol: 'http', host: endpoint, path }
  return request.call(this, data, here, isV3)
}

const credentials = { SecretId: 'AKIDsimulated', SecretKey: 'simulated-key' }
const code = { bucket: `sls-cloudfunction-${inputs.region}-code`, object: '/lightsout.zip' }

new Scf(credentials, inputs.region).deploy({ ...inputs, code }).catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
