// A certified OpenID provider on loopback, for test_oidc_provider.py.
//
// Prints {"issuer": …} once it listens, then reads one command a line and answers each with {"done": …}:
//   publish  a new generation of keys signs; the old one stays published
//   retire   the old generation is gone
// It ends with its standard input.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const KEYS = [
  { type: "rsa", modulusLength: 2048, algs: ["RS256"] },
  { type: "rsa", modulusLength: 2048, algs: ["PS256"] },
  { type: "ec", namedCurve: "P-256", algs: ["ES256"] },
  { type: "ec", namedCurve: "P-384", algs: ["ES384"] },
  { type: "ec", namedCurve: "P-521", algs: ["ES512"] },
  // One key, both names of its algorithm (RFC 8037, RFC 9864).
  { type: "ed25519", algs: ["EdDSA", "Ed25519"] },
];
const ALGORITHMS = KEYS.flatMap(({ algs }) => algs);
// The second one also in the front channel, where an ID token has `at_hash`.
const RESPONSE_TYPES = ["code", "code id_token token"];
const RESOURCES = ["https://orders.example/api", "https://billing.example/api"];

const generation = () =>
  KEYS.map(({ type, algs, ...options }) => {
    const jwk = generateKeyPairSync(type, options).privateKey.export({ format: "jwk" });
    return algs.length === 1 ? { ...jwk, use: "sig", alg: algs[0] } : { ...jwk, use: "sig" };
  });

const client = (alg) => ({
  client_id: `client-${alg}`,
  client_secret: `secret of client-${alg}`,
  redirect_uris: ["https://client.example/callback"],
  grant_types: ["authorization_code", "client_credentials", "implicit"],
  response_types: RESPONSE_TYPES,
  id_token_signed_response_alg: alg,
});

function provider(issuer, keys) {
  return new Provider(issuer, {
    jwks: { keys },
    clients: ALGORITHMS.map(client),
    cookies: { keys: ["a key of the test"] },
    responseTypes: RESPONSE_TYPES,
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    ttl: { AccessToken: 3600, ClientCredentials: 3600, IdToken: 3600, Grant: 3600, Session: 3600, Interaction: 3600 },
    claims: { openid: ["sub", "azp"] },
    extraTokenClaims: (ctx, token) => ({ azp: token.clientId }),
    findAccount: (ctx, id) => ({
      accountId: id,
      // The provider itself writes no `azp`: it has one audience.
      claims: () => (id === "without-azp" ? { sub: id } : { sub: id, azp: ctx.oidc.client.clientId }),
    }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    // Everybody has consented to everything.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid");
      RESOURCES.forEach((resource) => grant.addResourceScope(resource, "orders"));
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource, { idTokenSignedResponseAlg: alg }) => ({
          scope: "orders",
          audience: resource,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg } },
        }),
      },
    },
  });
}

let keys = generation();
let current;
const commands = {
  publish: () => [...generation(), ...keys],
  retire: () => keys.slice(0, KEYS.length),
};

async function answer(request, response) {
  if (!request.url.startsWith("/interaction/")) {
    return current.callback()(request, response);
  }
  // Whoever comes is who they say they are.
  const { params } = await current.interactionDetails(request, response);
  return current.interactionFinished(request, response, { login: { accountId: params.login_hint } });
}

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  current = provider(issuer, keys);
  createInterface({ input: process.stdin })
    .on("line", (command) => {
      keys = commands[command]();
      current = provider(issuer, keys);
      say({ done: command });
    })
    .on("close", () => process.exit());
  say({ issuer });
});
