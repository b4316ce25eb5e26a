using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>QEMU's monitor protocol, one command at a time; events are seen while an answer is waited for.</summary>
internal sealed class Qmp : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private StreamReader _reader = null!;
    private StreamWriter _writer = null!;

    /// <summary>The names of the events that came before the last answer.</summary>
    public List<string> Events { get; } = [];

    public static async Task<Qmp> ConnectAsync(string path)
    {
        var qmp = new Qmp();
        await QemuSocket.ConnectAsync(qmp._socket, path);
        var stream = new NetworkStream(qmp._socket);
        qmp._reader = new StreamReader(stream);
        qmp._writer = new StreamWriter(stream) { AutoFlush = true };
        await qmp._reader.ReadLineAsync();
        await qmp.ExecuteAsync("qmp_capabilities");
        return qmp;
    }

    /// <exception cref="InvalidOperationException">QEMU answered with an error; the message is its own.</exception>
    public async Task<JsonNode?> ExecuteAsync(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
            request["arguments"] = arguments;
        await _writer.WriteAsync(request.ToJsonString() + "\n");
        while (await _reader.ReadLineAsync() is { } line)
        {
            JsonNode reply = JsonNode.Parse(line)!;
            if (reply["error"] is { } error)
                throw new InvalidOperationException($"QMP {command}: {error["desc"]}");
            if (reply.AsObject().TryGetPropertyValue("return", out JsonNode? value))
                return value;
            if (reply["event"] is { } happened)
                Events.Add(happened.GetValue<string>());
        }

        throw new InvalidOperationException($"QMP {command}: QEMU closed the connection.");
    }

    /// <summary>Presses these keys together and lets go of them, by their QEMU names, for example "a" or "f2".</summary>
    public Task SendKeyAsync(params string[] qcodes) => ExecuteAsync("send-key",
        new JsonObject { ["keys"] = new JsonArray([.. qcodes.Select(code => new JsonObject { ["type"] = "qcode", ["data"] = code })]) });

    public void Dispose()
    {
        _socket.Dispose();
    }
}
