/**
 * Reads server-sent events out of text that arrives in arbitrary pieces. EventSource can't send a credential, so the
 * console reads the stream through fetch and needs this.
 *
 * @param {(event: {event: string, data: string}) => void} deliver
 */
export function sseParser(deliver) {
  let rest = "";
  let event = "message";
  /** @type {string[]} */
  let data = [];
  return (/** @type {string} */ piece) => {
    rest += piece;
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length > 0) deliver({ event, data: data.join("\n") });
        event = "message";
        data = [];
      } else if (line.startsWith("event:")) event = line.slice(6).trim();
      else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    }
  };
}
