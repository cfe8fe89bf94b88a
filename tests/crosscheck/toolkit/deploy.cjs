// Deploys `inputs` of a serverless.yml, given as JSON on stdin, to a local endpoint:
//
//     node deploy.cjs 127.0.0.1:9000 < inputs.json
//     node deploy.cjs 127.0.0.1:9000 lightsout.zip < inputs.json
//
// It does what the scf component does with them (https://github.com/serverless-components/tencent-scf,
// src/serverless.js). Without a zip the code is said to lie in COS already, and calls are forms with the
// older signature, those of the service `scf` at the path /scf, those of `tag` at /tag. With a zip the
// endpoint is the simulator: the zip is put into its COS, and calls have the library's other form, JSON
// at / with TC3-HMAC-SHA256.
'use strict'

const { readFileSync } = require('node:fs')
const { Capi } = require('@tencent-sdk/capi')
const { Cos, Scf } = require('tencent-component-toolkit')

const [, , endpoint, zip] = process.argv
const inputs = JSON.parse(readFileSync(0, 'utf8'))

// The library writes each service's host in its own code, and has no setting for another.
const request = Capi.prototype.request
Capi.prototype.request = function (data, options) {
  const [service] = options.host.split('.')
  const path = zip ? '/' : `/${service}`
  const here = { ...options, protocol: 'http', host: endpoint, path }
  return request.call(this, data, here, Boolean(zip))
}

const credentials = { SecretId: 'AKIDsimulated', SecretKey: 'simulated-key' }
const bucket = `sls-cloudfunction-${inputs.region}-code`

async function upload() {
  const here = { Protocol: 'http:', Domain: `${endpoint}/_cos/{Region}/{Bucket}` }
  const cos = new Cos({ ...credentials, ...here }, inputs.region)
  await cos.createBucket({ bucket: `${bucket}-1250000001` })
  await cos.upload({ bucket: `${bucket}-1250000001`, file: zip, key: 'lightsout.zip' })
}

async function deploy() {
  if (zip) await upload()
  const code = { bucket, object: '/lightsout.zip' }
  await new Scf(credentials, inputs.region).deploy({ ...inputs, code })
}

deploy().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
