namespace QemuZeroCopy.Server.Input;

/// <summary>Which of several viewers drive the machine.</summary>
internal enum ControlRule
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>The one who came first, until that one leaves.</summary>
    First,

    /// <summary>The one who came last.</summary>
    Last,

    /// <summary>The one who holds the token: the first to come, then whoever asks for it.</summary>
    Token,
}
