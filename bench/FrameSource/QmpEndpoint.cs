using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.FrameSource;

/// <summary>
/// As much of QEMU's machine protocol as a display client needs (docs/interop/qmp-spec): greeting, getfd, add_client and
/// some queries. One client at a time, as with QEMU.
/// </summary>
public sealed class QmpEndpoint : IDisposable
{
    /// <summary>No command that is understood here is longer.</summary>
    private const int MaxLineBytes = 64 * 1024;

    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly SourceScreen _screen;
    private readonly string _path;
    private readonly Thread _thread;
    private readonly Dictionary<string, SafeFileHandle> _files = [];
    private Socket? _client;
    private volatile bool _stopping;

    /// <summary>Listens at <paramref name="path"/>, and gives display clients to <paramref name="screen"/>.</summary>
    public QmpEndpoint(string path, SourceScreen screen)
    {
        (_path, _screen) = (path, screen);
        File.Delete(path);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(4);
        _thread = new Thread(Run) { Name = "frame-source-qmp", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Closes the socket and ends the thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        _listener.Dispose();
        Volatile.Read(ref _client)?.Shutdown(SocketShutdown.Both);
        _thread.Join();
        File.Delete(_path);
    }

    private void Run()
    {
        while (!_stopping)
        {
            try
            {
                using Socket client = _listener.Accept();
                Volatile.Write(ref _client, client);
                Serve(client);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or LinuxException)
            {
                // The client has gone, or we are going.
            }
            finally
            {
                Volatile.Write(ref _client, null);
                foreach (SafeFileHandle file in _files.Values)
                    file.Dispose();
                _files.Clear();
            }
        }
    }

    private void Serve(Socket client)
    {
        Send(client, """{"QMP":{"version":{"qemu":{"major":10,"minor":0,"micro":0},"package":"frame source"},"capabilities":[]}}""");
        byte[] buffer = new byte[MaxLineBytes];
        int filled = 0;
        SafeFileHandle? passed = null;
        while (filled < buffer.Length)
        {
            int count = UnixSockets.ReceiveWithFd(client.SafeHandle, buffer.AsSpan(filled), out SafeFileHandle? file);
            passed = file ?? passed;
            if (count == 0)
                break;
            filled += count;
            while (buffer.AsSpan(0, filled).IndexOf((byte)'\n') is >= 0 and int end)
            {
                Send(client, Answer(Encoding.UTF8.GetString(buffer, 0, end), ref passed));
                buffer.AsSpan(end + 1, filled - end - 1).CopyTo(buffer);
                filled -= end + 1;
            }
        }

        passed?.Dispose();
    }

    private string Answer(string line, ref SafeFileHandle? passed)
    {
        JsonNode? id = null;
        try
        {
            JsonObject command = JsonNode.Parse(line)?.AsObject() ?? [];
            id = command["id"]?.DeepClone();
            JsonNode? result = Execute((string?)command["execute"] ?? "", command["arguments"]?.AsObject() ?? [], ref passed);
            return result is null ? Error(id, "CommandNotFound", "There is no such command here.") : new JsonObject { ["return"] = result, ["id"] = id }.ToJsonString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Error(id, "GenericError", e.Message);
        }
    }

    private JsonObject? Execute(string command, JsonObject arguments, ref SafeFileHandle? passed)
    {
        switch (command)
        {
            case "qmp_capabilities" or "stop" or "cont":
                return new JsonObject();
            case "getfd":
                if (passed is null)
                    throw new InvalidOperationException("No file descriptor supplied via SCM_RIGHTS");
                string name = (string?)arguments["fdname"] ?? throw new InvalidOperationException("fdname is missing");
                if (_files.Remove(name, out SafeFileHandle? replaced))
                    replaced.Dispose();
                _files[name] = passed;
                passed = null;
                return new JsonObject();
            case "add_client":
                if ((string?)arguments["protocol"] != "@dbus-display" || !_files.Remove((string?)arguments["fdname"] ?? "", out SafeFileHandle? socket))
                    throw new InvalidOperationException("add_client takes @dbus-display and an fd that getfd has stored");
                _screen.Connect(socket);
                return new JsonObject();
            case "query-status":
                return new JsonObject { ["status"] = "running", ["running"] = true };
            case "query-name":
                return new JsonObject { ["name"] = "frame source" };
            case "query-version":
                return new JsonObject { ["qemu"] = new JsonObject { ["major"] = 10, ["minor"] = 0, ["micro"] = 0 }, ["package"] = "frame source" };
            default:
                return null;
        }
    }

    private static string Error(JsonNode? id, string kind, string text) =>
        new JsonObject { ["error"] = new JsonObject { ["class"] = kind, ["desc"] = text }, ["id"] = id }.ToJsonString();

    private static void Send(Socket client, string line) => client.Send(Encoding.UTF8.GetBytes(line + "\r\n"));
}
