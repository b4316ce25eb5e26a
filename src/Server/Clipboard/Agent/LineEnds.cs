namespace QemuZeroCopy.Server.Clipboard.Agent;

/// <summary>Line ends of UTF-8 text, for guests that have those of Windows.</summary>
internal static class LineEnds
{
    /// <summary>Every LF that has no CR before it gets one.</summary>
    public static byte[] ToCrLf(ReadOnlySpan<byte> text)
    {
        int bare = 0;
        for (int i = 0; i < text.Length; i++)
            bare += text[i] == '\n' && (i == 0 || text[i - 1] != '\r') ? 1 : 0;
        byte[] result = new byte[text.Length + bare];
        for (int i = 0, to = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
                result[to++] = (byte)'\r';
            result[to++] = text[i];
        }

        return result;
    }

    /// <summary>Every CR before an LF goes.</summary>
    public static byte[] ToLf(ReadOnlySpan<byte> text)
    {
        byte[] result = new byte[text.Length];
        int to = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\r' || i + 1 == text.Length || text[i + 1] != '\n')
                result[to++] = text[i];
        }

        return result[..to];
    }
}
