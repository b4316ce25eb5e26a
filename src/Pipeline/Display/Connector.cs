using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display.Qmp;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>Opens the connection to QEMU, by bus or by QMP, with errors that a person can act on.</summary>
internal static class Connector
{
    private const string FdName = "qzc-display";

    internal static Bus OpenBus(string address)
    {
        try
        {
            return Bus.OpenAddress(address);
        }
        catch (BusException exception)
        {
            throw new DisplayAttachException(
                $"The D-Bus at \"{address}\" cannot be reached ({exception.Message}). Is a dbus-daemon running there, and is the address right?", exception);
        }
        catch (DllNotFoundException exception)
        {
            throw new DisplayAttachException("libsystemd.so.0 is missing; install libsystemd0.", exception);
        }
    }

    internal static Bus OpenSocket(SafeFileHandle socket)
    {
        try
        {
            return Bus.OpenPeer(socket);
        }
        catch (BusException exception)
        {
            throw new DisplayAttachException($"The file descriptor is no socket to a D-Bus peer ({exception.Message}).", exception);
        }
    }

    /// <summary>Hands QEMU one end of a socket pair (getfd, add_client) and speaks D-Bus on the other.</summary>
    internal static async Task<Bus> OpenPeerAsync(QmpClient qmp, CancellationToken cancellation)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.CreatePair();
        try
        {
            using (theirs)
            {
                await qmp.ExecuteAsync("getfd", writer => writer.WriteString("fdname", FdName), theirs, cancellation).ConfigureAwait(false);
                await qmp.ExecuteAsync(
                    "add_client",
                    writer =>
                    {
                        writer.WriteString("protocol", "@dbus-display");
                        writer.WriteString("fdname", FdName);
                        writer.WriteBoolean("tls", false);
                    },
                    null, cancellation).ConfigureAwait(false);
            }

            return OpenSocket(ours);
        }
        catch (QmpException exception)
        {
            ours.Dispose();
            throw new DisplayAttachException(
                $"QEMU did not take a display client ({exception.Message}). Start it with -display dbus,p2p=yes.", exception);
        }
        catch (Exception)
        {
            ours.Dispose();
            throw;
        }
    }

    internal static string DescribeTimeout(DisplayEndpoint endpoint, TimeSpan timeout) => endpoint switch
    {
        DisplayEndpoint.Qmp qmp =>
            $"QEMU did not answer on \"{qmp.SocketPath}\" within {timeout.TotalSeconds:0.#} s. Is another QMP client connected there? QEMU serves one at a time.",
        DisplayEndpoint.Bus bus =>
            $"\"{bus.Name}\" on the bus \"{bus.Address}\" did not answer within {timeout.TotalSeconds:0.#} s. Is QEMU stopped or very busy?",
        _ => "QEMU did not answer in time.",
    };
}
