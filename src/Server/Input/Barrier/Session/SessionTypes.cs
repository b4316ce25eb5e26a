namespace QemuZeroCopy.Server.Input.Barrier.Session;

/// <summary>What becomes of a client that has told its name.</summary>
internal enum NameVerdict
{
    Welcome,

    /// <summary>A client of that name is connected already: EBSY.</summary>
    Busy,

    /// <summary>Nobody of that name is expected, or it is no name: EUNK.</summary>
    Unknown,
}

/// <summary>Decides about names; asked once in a session, from within <see cref="BarrierSession.Handle"/>.</summary>
internal delegate NameVerdict NameDesk(string name);

/// <summary>A client's screen as DINF tells it, in the client's pixels.</summary>
internal readonly record struct ScreenInfo(int X, int Y, int Width, int Height, int PointerX, int PointerY);

/// <summary>Why a session has ended.</summary>
internal enum CloseReason
{
    None,

    /// <summary>This server is going, or has no more use for the client.</summary>
    Bye,

    /// <summary>The other end hung up.</summary>
    Hangup,

    NameTaken,
    NameUnknown,

    /// <summary>Another protocol, or another version of it.</summary>
    Incompatible,

    /// <summary>A message that the protocol does not have, or has otherwise.</summary>
    Malformed,

    /// <summary>A length above the limit.</summary>
    TooLong,

    /// <summary>More messages or bytes than a client has reason to send.</summary>
    Flood,

    /// <summary>The greeting took too long.</summary>
    GreetingTimeout,

    /// <summary>No sign of life for three keep-alives.</summary>
    Silent,

    /// <summary>It does not read what it is sent.</summary>
    NotReading,
}

/// <summary>What a session has to tell its host.</summary>
internal enum SessionEventKind
{
    /// <summary>The greeting is through; input can be sent.</summary>
    Ready,

    /// <summary>The client's screen has changed: <see cref="BarrierSession.Screen"/>.</summary>
    ScreenChanged,

    /// <summary>The client's clipboard has new text.</summary>
    ClipboardText,
}

/// <summary>An event, with its text where it has one.</summary>
internal readonly record struct SessionEvent(SessionEventKind Kind, string? Text);
