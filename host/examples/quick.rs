use std::time::Instant;
use ultrawide::simd::*;
use ultrawide_core::*;
struct J<'a> {
    net: &'a Conv,
    reps: usize,
}
impl<'a, S: Scalar> Job<S> for J<'a> {
    type Output = (f64, f64);
    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> (f64, f64) {
        let net = self.net;
        let n = net.shape().len().unwrap();
        let mut st = 12345u64;
        let mut rnd = || {
            st = st.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((st >> 33) as f64) / (1u64 << 31) as f64 * 2.0 - 1.0
        };
        let x: Vec<S> = (0..n).map(|_| S::from_f64(rnd())).collect();
        let y: Vec<N> = (0..n).map(|_| N::from_lanes(|_| S::from_f64(rnd()))).collect();
        let mut px = vec![S::from_f64(0.0); prepared_len(net)];
        let mut py = vec![N::zero(); prepared_len(net)];
        prepare(net, &x, &mut px).unwrap();
        prepare(net, &y, &mut py).unwrap();
        let mut sc = vec![N::zero(); conv_scratch_len(net)];
        let mut out = vec![N::zero(); net.outputs()];
        let mut best = f64::MAX;
        for _ in 0..self.reps {
            let t = Instant::now();
            conv_pair(net, &px, &py, None, &mut sc, &mut out).unwrap();
            best = best.min(t.elapsed().as_secs_f64() / N::LANES as f64);
        }
        (best, out[0].lane(0).to_f64())
    }
}
fn main(){ for b in [Backend::Avx2,Backend::Avx512] { let f=b.run::<f32,_>(Fma); println!("{b} 30fma {:.2} +sqrt {:.2} slots", b.run::<f32,_>(Mix::<false>)/f, b.run::<f32,_>(Mix::<true>)/f); }
 println!("{:?}", Backend::available().iter().map(|b| (b.run::<f32,_>(Fma), b.run::<f32,_>(Sq))).collect::<Vec<_>>());
 for (h,w) in [(4,4),(8,8),(2,32),(8,32),(16,16),(16,32),(32,32)] {
 let s=Shape{channels:3,height:h,width:w};
 let net=Conv::new(s,3,&[Readout::Vanilla],Request::new(&[Kernel::Ntk],&[11],Trained::Hidden).unwrap()).unwrap();
 let ent=(h*w*10) as f64;
 print!("van11 {h}x{w}");
 for b in [Backend::Avx2,Backend::Avx512] { let (t,_)=b.run::<f32,_>(J{net:&net,reps:5000}); print!("  {b} {:.3}",t*1e9/ent); }
 println!();
 }
 for (ro,d) in [(Readout::Gap,11usize)] {
 let s=Shape{channels:3,height:32,width:32};
 let net=Conv::new(s,3,&[ro],Request::new(&[Kernel::Ntk],&[d],Trained::Hidden).unwrap()).unwrap();
 for b in [Backend::Avx2,Backend::Avx512] { let (t,_)=b.run::<f32,_>(J{net:&net,reps:10}); print!("  {b} {:.3}",t*1e9/(1048576.0*(d-1) as f64)); }
 println!();
 }
}
pub struct Fma;
impl<S: Scalar> Job<S> for Fma {
    type Output = f64;
    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> f64 {
        let m = std::hint::black_box(N::splat(S::from_f64(0.999)));
        let a = std::hint::black_box(N::splat(S::from_f64(0.001)));
        let mut v = [N::splat(S::from_f64(1.0)); 10];
        let mut best = f64::MAX;
        for _ in 0..5 {
            let t = Instant::now();
            for _ in 0..2_000_000 {
                for k in 0..10 {
                    v[k] = v[k].mul_add(m, a);
                }
            }
            best = best.min(t.elapsed().as_secs_f64() / 2e7 * 1e9);
        }
        let mut s = 0.0;
        for k in v {
            s += k.lane(0).to_f64();
        }
        std::hint::black_box(s);
        best
    }
}
pub struct Sq;
impl<S: Scalar> Job<S> for Sq {
    type Output = f64;
    #[inline(always)]
    fn run<N: Number<Scalar = S>>(self) -> f64 {
        let mut v = [N::splat(S::from_f64(1.5)); 10];
        let mut best = f64::MAX;
        for _ in 0..5 {
            let t = Instant::now();
            for _ in 0..200_000 {
                for k in 0..10 {
                    v[k] = v[k].sqrt();
                }
            }
            best = best.min(t.elapsed().as_secs_f64() / 2e6 * 1e9);
        }
        let mut s = 0.0;
        for k in v {
            s += k.lane(0).to_f64();
        }
        std::hint::black_box(s);
        best
    }
}

pub struct Mix<const Y:bool>; impl<S:Scalar,const Y:bool> Job<S> for Mix<Y>{ type Output=f64;
 #[inline(always)] fn run<N:Number<Scalar=S>>(self)->f64{
  let m=std::hint::black_box(N::splat(S::from_f64(0.999))); let a=std::hint::black_box(N::splat(S::from_f64(0.001)));
  let mut v=[N::splat(S::from_f64(1.0));10]; let mut q=[N::splat(S::from_f64(1.5));2]; let mut best=f64::MAX;
  for _ in 0..5 { let t=Instant::now(); for _ in 0..200_000{ for r in 0..2 { for _ in 0..3 { for k in 0..10 { v[k]=v[k].mul_add(m,a);} } if Y {q[r]=q[r].sqrt();} } } best=best.min(t.elapsed().as_secs_f64()/4e5*1e9);}
  let mut s=0.0; for k in v { s+=k.lane(0).to_f64(); } s+=q[0].lane(0).to_f64()+q[1].lane(0).to_f64(); std::hint::black_box(s);
  best }}
