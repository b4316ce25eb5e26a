using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>QEMU's monitor protocol, one command at a time; events are read over.</summary>
internal sealed class Qmp : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private StreamReader _reader = null!;
    private StreamWriter _writer = null!;

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
        }

        throw new InvalidOperationException($"QMP {command}: QEMU closed the connection.");
    }

    /// <summary>Presses and releases one key by its QEMU name, for example "a" or "f2".</summary>
    /// <summary>Presses these keys together and lets go of them.</summary>
    public Task SendKeyAsync(params string[] qcodes) => ExecuteAsync("send-key",
        new JsonObject { ["keys"] = new JsonArray([.. qcodes.Select(code => new JsonObject { ["type"] = "qcode", ["data"] = code })]) });

    public void Dispose()
    {
        _socket.Dispose();
    }
}
