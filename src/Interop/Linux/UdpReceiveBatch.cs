using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>Room for one recvmmsg, in native memory that is laid out once. Owned by the receiving thread.</summary>
public sealed unsafe class UdpReceiveBatch : IDisposable
{
    /// <summary>
    /// Datagrams per call: two NACKs, a feedback and a consent check from each of 16 viewers.
    /// </summary>
    public const int Capacity = 64;

    /// <summary>Bytes kept of one datagram: what an Ethernet path carries, and more than any peer may send.</summary>
    public const int DatagramBytes = 2048;

    private byte* _data;
    private byte* _addresses;
    private SocketNative.MMsgHdr* _messages;
    private SocketNative.IoVec* _vectors;

    /// <summary>Allocates the room (about 140 kB).</summary>
    public UdpReceiveBatch()
    {
        _data = (byte*)NativeMemory.AlignedAlloc(Capacity * DatagramBytes, 64);
        _addresses = (byte*)NativeMemory.AllocZeroed(Capacity, SocketNative.AddressBytes);
        _messages = (SocketNative.MMsgHdr*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(SocketNative.MMsgHdr));
        _vectors = (SocketNative.IoVec*)NativeMemory.AllocZeroed(Capacity, (nuint)sizeof(SocketNative.IoVec));
        for (int i = 0; i < Capacity; i++)
            _vectors[i] = new SocketNative.IoVec { Base = _data + i * DatagramBytes, Length = DatagramBytes };
    }

    /// <summary>Frees the memory when nobody disposed of it.</summary>
    ~UdpReceiveBatch() => Free();

    /// <summary>Datagrams of the last receive.</summary>
    public int Count { get; internal set; }

    /// <summary>The payload of one, to be decrypted in place; empty for a datagram too long to be one of ours.</summary>
    public Span<byte> Datagram(int index)
    {
        ref readonly SocketNative.MMsgHdr message = ref MessageAt(index);
        bool truncated = (message.Header.Flags & SocketNative.MsgTrunc) != 0;
        return truncated ? default : new Span<byte>(_data + index * DatagramBytes, (int)Math.Min(message.Length, DatagramBytes));
    }

    /// <summary>The sender's sockaddr.</summary>
    public ReadOnlySpan<byte> Sender(int index) =>
        new(_addresses + index * SocketNative.AddressBytes, (int)Math.Min(MessageAt(index).Header.NameLength, SocketNative.AddressBytes));

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Points every header at its room again: the kernel has written over them.</summary>
    internal SocketNative.MMsgHdr* Prepare()
    {
        ObjectDisposedException.ThrowIf(_data is null, this);
        for (int i = 0; i < Capacity; i++)
        {
            _messages[i].Header = new SocketNative.MsgHdr
            {
                Name = _addresses + i * SocketNative.AddressBytes,
                NameLength = SocketNative.AddressBytes,
                Vectors = _vectors + i,
                VectorCount = 1,
            };
        }

        return _messages;
    }

    private ref readonly SocketNative.MMsgHdr MessageAt(int index)
    {
        ObjectDisposedException.ThrowIf(_data is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return ref _messages[index];
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_data);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_messages);
        NativeMemory.Free(_vectors);
        _data = _addresses = null;
        _messages = null;
        _vectors = null;
    }
}
