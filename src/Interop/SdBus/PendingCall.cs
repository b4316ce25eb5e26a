using static QemuZeroCopy.Interop.SdBus.SdBusNative;

namespace QemuZeroCopy.Interop.SdBus;

/// <summary>
/// A received call that is answered later. Owns one reference to the message: exactly one of the methods has
/// to be called, on the thread that owns the bus. A struct, so that keeping one allocates nothing.
/// </summary>
public readonly unsafe struct PendingCall
{
    private readonly nint _message;

    internal PendingCall(nint message) => _message = message;

    /// <summary>Answers with an empty reply. False when the connection is gone.</summary>
    public bool Reply()
    {
        nint reply;
        if (sd_bus_message_get_expect_reply(_message) <= 0)
        {
            sd_bus_message_unref(_message);
            return true;
        }

        int result = sd_bus_message_new_method_return(_message, &reply);
        if (result >= 0)
        {
            result = sd_bus_send(0, reply, null);
            sd_bus_message_unref(reply);
        }

        sd_bus_message_unref(_message);
        return result >= 0;
    }

    /// <summary>Gives up the call without an answer: the connection is being closed.</summary>
    public void Abandon() => sd_bus_message_unref(_message);
}
