using System.ComponentModel;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>A system call that failed during set-up; <see cref="Win32Exception.NativeErrorCode"/> is the errno.</summary>
public sealed class LinuxException : Win32Exception
{
    /// <summary>A failure without an errno.</summary>
    public LinuxException()
    {
    }

    /// <summary>A failure in words alone.</summary>
    public LinuxException(string message)
        : base(message)
    {
    }

    /// <summary>A failure in words, with what lies under it.</summary>
    public LinuxException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>The failure of <paramref name="call"/> with <paramref name="errno"/>.</summary>
    public LinuxException(string call, int errno)
        : base(errno, $"{call}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
    {
    }

    internal static LinuxException Last(string call) => new(call, Marshal.GetLastPInvokeError());
}
