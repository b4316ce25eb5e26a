namespace QemuZeroCopy.Pipeline.Display.Qmp;

/// <summary>QEMU refused a QMP command, or the QMP socket is of no use.</summary>
public sealed class QmpException : Exception
{
    /// <summary>A failure without words.</summary>
    public QmpException()
    {
    }

    /// <summary>A failure in words for a person.</summary>
    public QmpException(string message)
        : base(message)
    {
    }

    /// <summary>A failure in words for a person, with what lies under it.</summary>
    public QmpException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>QEMU's error class, such as "CommandNotFound" or "GenericError"; empty when QEMU did not answer.</summary>
    public string ErrorClass { get; init; } = "";
}

/// <summary>Something that QEMU told of its own accord (qapi/*.json, "event").</summary>
/// <param name="Name">Such as "STOP", "RESUME", "SHUTDOWN", "RESET".</param>
/// <param name="Data">The event's data; undefined when it has none.</param>
public sealed record QmpEvent(string Name, System.Text.Json.JsonElement Data);
