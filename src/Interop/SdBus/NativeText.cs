using System.Runtime.InteropServices;
using System.Text;

namespace QemuZeroCopy.Interop.SdBus;

/// <summary>A zero-terminated UTF-8 string in native memory, made once for names that are used again and again.</summary>
public sealed unsafe class NativeText
{
    private readonly byte* _start;

    /// <summary>Copies <paramref name="text"/>; a zero in it ends it.</summary>
    public NativeText(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        _start = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(_start, bytes.Length));
        Text = text;
    }

    /// <summary>Frees the copy.</summary>
    ~NativeText() => NativeMemory.Free(_start);

    /// <summary>The text as it was given.</summary>
    public string Text { get; }

    internal byte* Pointer => _start;

    /// <inheritdoc/>
    public override string ToString() => Text;
}
