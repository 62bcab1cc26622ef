/** Passkeys: adds one on my page, signs in with one on the way in. WebAuthn's own dialogs do the rest. */

const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
};

const text = (buffer) => {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const ids = (known = []) => known.map((one) => ({ ...one, id: bytes(one.id) }));

async function post(path, csrf, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf, Accept: "application/json" },
    body: JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error("refused"), { told: said.message });
  return said;
}

/** What the server checks, with every buffer as base64url. */
function sendable(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const sent = parts.filter((part) => response[part]).map((part) => [part, text(response[part])]);
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: { ...Object.fromEntries(sent), transports: response.getTransports?.() },
    clientExtensionResults: {},
  };
}

async function add(csrf, name) {
  const asked = await post("/me/passkeys/ask", csrf, {});
  const publicKey = {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: ids(asked.excludeCredentials),
  };
  const made = await navigator.credentials.create({ publicKey });
  return post("/me/passkeys/add", csrf, { ...sendable(made), name });
}

async function enter(csrf, next) {
  const asked = await post("/sign-in/passkey", csrf, {});
  const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: ids(asked.allowCredentials) };
  const shown = await navigator.credentials.get({ publicKey });
  return post(`/sign-in/passkey/answer?${new URLSearchParams({ next })}`, csrf, sendable(shown));
}

for (const part of document.querySelectorAll("[data-passkeys]")) {
  part.hidden = !window.PublicKeyCredential;
  const wrong = part.querySelector("[data-passkey-wrong]");
  const button = part.querySelector("button");
  button.addEventListener("click", async () => {
    button.disabled = true;
    wrong.hidden = true;
    try {
      const { onward } = button.hasAttribute("data-passkey-add")
        ? await add(document.body.dataset.csrf, document.getElementById("passkey-name").value)
        : await enter(button.dataset.csrf, button.dataset.next);
      location.assign(onward);
    } catch (error) {
      wrong.textContent = error.told ?? part.querySelector("[data-passkey-failed]").content.textContent;
      wrong.hidden = false;
    } finally {
      button.disabled = false;
      if (!wrong.hidden) button.focus();
    }
  });
}
