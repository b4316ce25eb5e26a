namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>Walks the NAL units of an Annex B byte stream, without start codes and trailing zeros.</summary>
internal ref struct AnnexBReader
{
    private readonly ReadOnlySpan<byte> _stream;
    private int _at;

    public AnnexBReader(ReadOnlySpan<byte> stream)
    {
        _stream = stream;
        int first = NextStartCode();
        _at = first < 0 ? stream.Length : first + 3;
    }

    /// <summary>Where the next NAL unit lies, never empty; false at the end.</summary>
    public bool TryRead(out Range unit)
    {
        while (_at < _stream.Length)
        {
            int start = _at;
            int next = NextStartCode();
            int end = next < 0 ? _stream.Length : next;
            _at = next < 0 ? _stream.Length : next + 3;
            int length = _stream[start..end].TrimEnd((byte)0).Length;
            if (length > 0)
            {
                unit = start..(start + length);
                return true;
            }
        }

        unit = default;
        return false;
    }

    private readonly int NextStartCode()
    {
        int offset = _stream[_at..].IndexOf((ReadOnlySpan<byte>)[0, 0, 1]);
        return offset < 0 ? -1 : _at + offset;
    }
}
